"""Pictures of the running product: every page, both sizes, both languages, light and dark.

.venv/bin/python -m tests.pictures [FOLDER] [--of DATA_DIR] [--only NAME…] [--looks 390-ja-light…]
.venv/bin/python -m tests.pictures --readme
"""
