"""The gRPC face of the provider: checks inputs, finds differences, and passes operations to the resources.

Served on a loopback port inside the program; the engine is told of it by ``PULUMI_DEBUG_PROVIDERS``. The
resource types are a table (``Resource``); this module knows none of them.
"""

# ruff: noqa: N802 -- methods carry the names that gRPC gives them

from __future__ import annotations

import traceback
from concurrent import futures
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from smartcommune import __version__, refusals
from smartcommune.errors import SmartCommuneError
from smartcommune.targets.provider.journal import Change, Journal, Seen
from smartcommune.targets.provider.resource import Foreseeing, InitFailedError, Properties, Resource
from smartcommune.targets.provider.values import UNKNOWN, from_wire, to_wire
from smartcommune.targets.vocabulary import type_of
from smartcommune.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = "smartcommune"
THREADS = 32  # the engine works on all resources without dependencies at once


class UnexpectedError(SmartCommuneError):
    """A defect, not a condition: the message carries the exception's own text."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the resource types given, and writes what it sees into ``journal``."""

    def __init__(self, resources: Iterable[Resource], journal: Journal | None = None) -> None:
        self._resources = {resource.type: resource for resource in resources}
        self.journal = journal or Journal()

    # -- the provider itself

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say that secrets arrive marked."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Accept the engine."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the version."""
        return plugin_pb2.PluginInfo(version=__version__)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Accept any configuration: there is none."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Report no change of configuration."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what is supported."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Let operations under way finish: each is short, and a finished one needs no recovery."""
        return empty_pb2.Empty()

    # -- resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Check that inputs are there, known and of their type."""
        specified, found = self._of(request.urn).inputs, from_wire(request.news)
        failures = [
            provider_pb2.CheckFailure(property=name, reason="is unknown") for name in sorted(found.keys() - specified)
        ]
        for name, wanted in specified.items():
            value = found.get(name)
            if value is None and wanted.required:
                failures.append(provider_pb2.CheckFailure(property=name, reason="is required"))
            elif value not in (None, UNKNOWN) and not isinstance(value, wanted.type):
                reason = f"expected {wanted.type.__name__}, found {type(value).__name__}"
                failures.append(provider_pb2.CheckFailure(property=name, reason=reason))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compare what is (state, just read where a resource is refreshed) with what is wanted."""
        resource = self._of(request.urn)
        with self._errors(context, request.urn, "diff"):
            return self._diff(resource, request)

    def _diff(self, resource: Resource, request: Any) -> Any:
        actual, wanted = from_wire(request.olds), from_wire(request.news)
        asked_before = from_wire(request.old_inputs)
        drift = resource.drift(actual)
        changed = [
            name
            for name, spec in resource.inputs.items()
            if spec.on_change != "ignore" and actual.get(name) != wanted.get(name)
        ]
        replaces = [name for name in changed if resource.inputs[name].on_change == "replace"]
        asked = [name for name in changed if asked_before.get(name) != wanted.get(name)]
        reasons = [item.reason for item in drift]
        reasons += [_drifted(name, resource, actual, wanted) for name in changed if name not in asked]
        names = [*changed, *(item.property for item in drift)]
        if names:
            changes = (_change(name, resource, asked_before, wanted) for name in asked)
            self.journal.note(request.urn, Seen(changed=tuple(changes), drift=tuple(reasons)))
        kinds = provider_pb2.PropertyDiff
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if names else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=names,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces),
            hasDetailedDiff=True,
            detailedDiff={
                name: kinds(kind=kinds.UPDATE_REPLACE if name in replaces else kinds.UPDATE, inputDiff=name in changed)
                for name in names
            },
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Create, or in a preview return what is known beforehand."""
        resource, inputs = self._of(request.urn), from_wire(request.properties)
        if request.preview:
            if isinstance(resource, Foreseeing):
                with self._errors(context, request.urn, "create"):
                    self.journal.note(request.urn, Seen(drift=(resource.foresee(inputs),)))
            return provider_pb2.CreateResponse(properties=self._wire(resource, _foreseen(resource, inputs)))
        with self._errors(context, request.urn, "create"), self.journal.step("create", request.urn):
            created = resource.create(inputs, urn=request.urn)
        return provider_pb2.CreateResponse(
            id=created.id,
            properties=self._wire(resource, created.properties),
            refresh_before_update=resource.refreshed,
        )

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the resource as it is; an empty answer says that it is gone."""
        resource = self._of(request.urn)
        with self._errors(context, request.urn, "read"):
            properties = resource.read(request.id, from_wire(request.properties))
        if properties is None:
            self.journal.note(request.urn, Seen(vanished=True))
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=self._wire(resource, properties),
            inputs=request.inputs,
            refresh_before_update=resource.refreshed,
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change in place, or in a preview return what is known beforehand."""
        resource, old, inputs = self._of(request.urn), from_wire(request.olds), from_wire(request.news)
        if request.preview:
            foreseen = {**_foreseen(resource, inputs), **{k: old[k] for k in resource.outputs if k in old}}
            return provider_pb2.UpdateResponse(properties=self._wire(resource, foreseen))
        with self._errors(context, request.urn, "update"), self.journal.step("update", request.urn):
            properties = resource.update(request.id, old, inputs, urn=request.urn)
        return provider_pb2.UpdateResponse(
            properties=self._wire(resource, properties), refresh_before_update=resource.refreshed
        )

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove the thing."""
        resource = self._of(request.urn)
        with self._errors(context, request.urn, "delete"), self.journal.step("delete", request.urn):
            resource.delete(request.id, from_wire(request.properties))
        return empty_pb2.Empty()

    # -- inside

    def _of(self, urn: str) -> Resource:
        """Return the resource type that serves ``urn``."""
        return self._resources[type_of(urn)]

    @staticmethod
    def _wire(resource: Resource, properties: Properties) -> Any:
        secrets = resource.secrets | {name for name, spec in resource.inputs.items() if spec.secret}
        return to_wire(properties, secrets)

    @contextmanager
    def _errors(self, context: grpc.ServicerContext, urn: str, operation: str) -> Iterator[None]:
        """Turn errors into what the engine understands, and keep them for the one who asked."""
        try:
            yield
        except InitFailedError as error:
            self.journal.fail(urn, operation, error.cause)
            self._abort_partial(context, self._of(urn), error)
        except SmartCommuneError as error:
            self.journal.fail(urn, operation, error)
            context.abort(grpc.StatusCode.UNKNOWN, error.message.en)
        except OSError as error:
            message, todo = refusals.describe(error)
            self.journal.fail(urn, operation, UnexpectedError(message, todo=todo))
            context.abort(grpc.StatusCode.UNKNOWN, message.en)
        except Exception as error:  # noqa: BLE001 -- the gRPC boundary: nothing may pass it unseen
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            self.journal.fail(urn, operation, UnexpectedError(Text(vi=text, en=text)))
            context.abort(grpc.StatusCode.UNKNOWN, text)

    def _abort_partial(self, context: grpc.ServicerContext, resource: Resource, error: InitFailedError) -> NoReturn:
        properties = error.created.properties
        inputs = {name: properties[name] for name in resource.inputs if name in properties}
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=error.created.id,
                properties=self._wire(resource, properties),
                inputs=self._wire(resource, inputs),
                reasons=[error.message.en],
                refresh_before_update=resource.refreshed,
            )
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=error.message.en, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, error.message.en)


@contextmanager
def serve(provider: Provider) -> Iterator[int]:
    """Serve ``provider`` on a free loopback port and yield the port; stop with the context."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="provider"),
        options=[("grpc.max_receive_message_length", 1 << 28), ("grpc.so_reuseport", 0)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def _foreseen(resource: Resource, inputs: Properties) -> Properties:
    """Return inputs, with outputs unknown, so that a preview shows what hangs on them."""
    return {**dict.fromkeys(resource.outputs, UNKNOWN), **inputs}


def _change(name: str, resource: Resource, before: Properties, after: Properties) -> Change:
    show = resource.inputs[name].show
    return Change(name, show(before.get(name)), show(after.get(name)))


def _drifted(name: str, resource: Resource, actual: Properties, wanted: Properties) -> Text:
    show = resource.inputs[name].show
    return Text(
        vi=f"{name} hiện là {show(actual.get(name))}, cần là {show(wanted.get(name))}",
        en=f"{name} is {show(actual.get(name))}, should be {show(wanted.get(name))}",
    )
