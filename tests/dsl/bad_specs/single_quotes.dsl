captions from 'captions.json'
