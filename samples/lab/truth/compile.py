def compile_truth(journals):
    return {"faults": [], "innocent": []}
