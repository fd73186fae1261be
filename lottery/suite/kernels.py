"""Kernels of this interpreter, copies of a process that has imported what notebooks import: each starts at once."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from weakref import WeakSet

from jupyter_client import AsyncKernelManager
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from lottery.suite import warm

_FORKED = "lottery-forked"
_KERNELS: WeakSet[AsyncKernelManager] = WeakSet()  # those that were started, running or not


def manager(folder: Path, matplotlibrc: str, environment: Mapping[str, str]) -> type[AsyncKernelManager]:
    """What starts a kernel untouched by what a user has set up elsewhere.

    folder        an absolute path, where its settings are put
    matplotlibrc  what they are for matplotlib
    environment   what it finds there beside that of this process
    """
    (folder / "matplotlibrc").write_text(matplotlibrc)
    arguments = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=CRITICAL"]
    spec = KernelSpec(
        argv=[*arguments, "--InlineBackend.figure_formats={'svg'}"],
        display_name="Python 3",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": _FORKED}},
        env={
            **environment,
            "MATPLOTLIBRC": str(folder),
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_RUNTIME_DIR": f"{folder}/runtime",
        },
    )
    forked = EntryPoint(_FORKED, f"{__name__}:Forked", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.instance().provisioners[_FORKED] = forked

    class Kernel(AsyncKernelManager):
        kernel_spec = spec

        def __init__(self, **given: Any):
            super().__init__(connection_file=f"{folder}/connection.json", **given)
            _KERNELS.add(self)

    return Kernel


def stop() -> None:
    """End all kernels that threads of this process are waiting for, at once; Ctrl-C reaches the main thread alone."""
    for kernel in list(_KERNELS):
        if kernel.has_kernel:
            os.kill(kernel.provisioner.pid, signal.SIGKILL)


class Forked(LocalProvisioner):
    """Starts a kernel's process as a copy of a warm one, and is for the rest what starts any process."""

    async def launch_kernel(self, cmd: list[str], **given: Any) -> KernelConnectionInfo:
        self.cwd = Path(given.get("cwd") or Path.cwd())
        self.process = warm.Copy(_kernel, cmd[2:], folder=self.cwd, environment=given["env"], apart=True)
        self.pid = self.pgid = self.process.pid
        return self.connection_info


def _kernel(arguments: list[str]) -> None:
    """What a forked process does: be the kernel that `python -m` with these arguments would have started."""
    os.environ.pop("JPY_PARENT_PID", None)  # its parent is the server; a copy watches the process that asked for it
    _follow_stderr()
    sys.argv = arguments

    import matplotlib
    from ipykernel import kernelapp

    # Both are read as matplotlib is imported, which the server has done.
    matplotlib.rc_file(Path(os.environ["MATPLOTLIBRC"], "matplotlibrc"))
    matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
    kernelapp.launch_new_instance(argv=arguments[1:])


class _Stderr:
    """Whatever is sys.stderr when something is written."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _follow_stderr() -> None:
    """Let what libraries log go to the kernel's stderr: they took that of the server, which a terminal shows."""
    for name in logging.root.manager.loggerDict:
        for handler in logging.getLogger(name).handlers:
            if type(handler) is logging.StreamHandler and handler.stream is sys.__stderr__:
                handler.setStream(_Stderr())
