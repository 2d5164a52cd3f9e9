unary jumping(a)
