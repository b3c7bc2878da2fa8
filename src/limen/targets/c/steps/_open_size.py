from limen.targets.c.steps._kernel import *


def resize(site: StepSite, port: Port) -> StepKernel:
    site.refuse("on a picture of unknown size", "x")


def letterbox(site: StepSite, port: Port) -> StepKernel:
    site.refuse("on a picture of unknown size", "x")
