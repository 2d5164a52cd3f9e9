class: mugen, coin
