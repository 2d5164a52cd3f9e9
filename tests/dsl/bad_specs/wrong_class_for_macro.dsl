class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define hunts(a: mugen, b: snail) = above(a, b) then dead(b)
spec a: exists m: mugen, s: snail { hunts(s, m) }
