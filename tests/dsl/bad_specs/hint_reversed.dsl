class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: exists m: mugen { jumping(m) @ [60%, 30%] then dead(m) }
