class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

predicate near(a, b)
spec a: exists m: mugen { near(m) }
