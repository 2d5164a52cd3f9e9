unary walking, once
