class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { eventually[1/0, 2/3] jumping(m) }
