class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule busy(a) :- walking(a).
rule busy(a, b) :- touching(a, b).
