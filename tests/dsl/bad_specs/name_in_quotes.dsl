class "coin"
