class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

rule linked(a, b) :- touching(a, b).
rule linked(a, b) :- touching(a, c), linked(c, b).
spec a: exists m: mugen, c: coin { eventually linked(m, c) }
