class mugen
unary jumping, flying
