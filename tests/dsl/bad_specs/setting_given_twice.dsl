train { epochs: 3, loss: { alignment: 1, alignment: 2 }, epochs: 4 }
