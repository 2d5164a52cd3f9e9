class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule up(a) :- walking(a), not down(a).
rule down(a) :- walking(a), not up(a).
