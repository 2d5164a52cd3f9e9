class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { eventually[2..10] jumping(m) }
