class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define hunts(a, b) = above(a, b) then dead(b)
spec a: exists m: mugen { hunts(m) }
