"""Network devices with a vendor's command line: rendered, compared, changed under an armed way back, verified."""
