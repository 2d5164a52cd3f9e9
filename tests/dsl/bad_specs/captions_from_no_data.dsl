captions from data { extractor: "rules" }
