"""Use cases without a terminal: config, Book, tables, results. `commands` call these and render.

`opening` reads what a request names, `finishing` computes and ties; one file a family of use cases between.
"""
