class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

define hunts(a, b) = jumping(a)
spec a: exists m: mugen { hunts(m, m) }
