captions of data { extractor: "rules" }
