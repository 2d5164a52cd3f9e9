class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists at least 5000 c: coin { dead(c) }
