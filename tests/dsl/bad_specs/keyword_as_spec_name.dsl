class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec always: exists m: mugen { jumping(m) }
