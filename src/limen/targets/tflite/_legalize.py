from limen.program import Program
def legalize(program: Program) -> Program:
    return program
