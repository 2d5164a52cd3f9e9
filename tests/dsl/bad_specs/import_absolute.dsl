import "/etc/hostname"
