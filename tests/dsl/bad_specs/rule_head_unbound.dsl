class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule pair(a, b) :- jumping(a).
