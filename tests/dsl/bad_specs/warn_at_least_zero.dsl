class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists at least 0 c: coin { dead(c) }
