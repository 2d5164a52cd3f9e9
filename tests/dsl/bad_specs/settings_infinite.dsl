train { rate: 1e999 }
