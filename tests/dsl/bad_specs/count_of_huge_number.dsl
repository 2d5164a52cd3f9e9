class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: count c: coin { dead(c) } >= 99999999999999999999999999999999999999999999
