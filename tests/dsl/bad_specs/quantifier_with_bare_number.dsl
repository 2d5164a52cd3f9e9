class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists 2 c: coin { dead(c) }
