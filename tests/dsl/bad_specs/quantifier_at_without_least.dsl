class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists at 2 c: coin { dead(c) }
