"""Source packages for tool chains, one format per file; ``PACKAGE`` in the file is the plug-in.

A package is a tree of files made from the generated code; what has to be compiled first (libraries, executables, web
pages) is made by ``limen.build.packaging`` from these sources.
"""

from limen.targets.c.packages._package import PACKAGES, Package, PackageSource

__all__ = ["PACKAGES", "Package", "PackageSource"]
