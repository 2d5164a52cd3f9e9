class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugan { jumpin(m) and touching(m) and dead(x) and eventually[5,2] walking(m) }
