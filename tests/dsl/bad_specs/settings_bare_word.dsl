perception "tiny" { device: cuda }
