class mugen, coin, snail
unary walking, jumping, dead
binary touching, above

spec a: ∀ m: mugen { walking(m) }
