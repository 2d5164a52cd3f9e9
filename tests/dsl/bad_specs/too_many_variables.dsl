class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists a, b, c, d, e, f, g, h, i { touching(a, b) and touching(c, d) and touching(e, f) and touching(g, h) and walking(i) }
