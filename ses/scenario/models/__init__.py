"""The models of the language: what may stand in a robot's files. Reader, checker, compiler, editor schema and
the reference's test all read these."""
