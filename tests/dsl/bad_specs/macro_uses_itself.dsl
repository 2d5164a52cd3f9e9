class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define forever(a) = walking(a) and next forever(a)
spec a: exists m: mugen { forever(m) }
