"""Language models that write specs: servers (``openai``) and local ones (``transformers``)."""
