class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

predicate rides(a: mugen, b: snail)
spec a: exists m: mugen, c: coin { rides(m, c) }
