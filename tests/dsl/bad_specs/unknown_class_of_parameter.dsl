class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

predicate rides(a: horse, b)
