"""The HTTP face: routes, problems and streams over one Answerer. The only importers of Litestar."""
