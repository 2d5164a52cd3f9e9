class mugen // ÿþ
