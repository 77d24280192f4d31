"""Which plugins are there, and which hooks does each implement? Found, created and checked at start, for one host."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Final

import pluggy

from bounce_plugin import hookspecs
from bounce_plugin.errors import BounceError, HookError, SettingsError

GROUP: Final = "bounce_plugin"  # of the entry points
OWN: Final = "bounce_plugin"  # the name of our own answers among the plugins


class Plugins:
    """The plugins of one `BouncePlugin`, each with a stable name, checked, and never changed after that."""

    def __init__(
        self, registered: pluggy.PluginManager, created: Sequence[object], left_out: Collection[str] = ()
    ) -> None:
        self._registered, self._created = registered, created
        self.left_out = frozenset(left_out)  # names of plugins that the settings do not want: nobody waits for them
        self._hooks: dict[
            str, tuple[str, ...]
        ] = {}  # hook -> names of the plugins, in the order in which they are asked
        for hook in _known_hooks(registered):
            # pluggy calls the list from its end: registered last, asked first.
            implementations = reversed(getattr(registered.hook, hook).get_hookimpls())
            self._hooks[hook] = tuple(implementation.plugin_name for implementation in implementations)
        plugins = {plugin for _name, plugin in registered.list_name_plugin()}
        self._own = registered.get_plugin(OWN)
        self._callers = {
            (hook, name): registered.subset_hook_caller(hook, plugins - {registered.get_plugin(name)})
            for hook, names in self._hooks.items()
            for name in names
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All plugins, our own answers included, sorted."""
        return tuple(sorted(name for name, plugin in self._registered.list_name_plugin() if plugin is not None))

    def implementing(self, hook: str) -> tuple[str, ...]:
        """The names of the plugins that implement the hook, in the order in which they are asked; none if there is no such hook."""
        return self._hooks.get(hook, ())

    def hooks_of(self, name: str) -> tuple[str, ...]:
        """The hooks that the plugin implements, in the order of hookspecs.py."""
        return tuple(hook for hook, names in self._hooks.items() if name in names)

    def plugin(self, name: str) -> object:
        """The plugin itself."""
        return self._registered.get_plugin(name)

    def call(self, hook: str, name: str, **arguments: object) -> object:
        """Call the hook of this one plugin and of no other: pluggy stops at the first that raises.

        Returns what it answered; for an announcement a list of that. Raises whatever the plugin raises.
        """
        if name == OWN:  # without pluggy, which takes several times as long as our own answer to who gets no mail
            own: object = getattr(self._own, hook)(**arguments)
            return own
        answer: object = self._callers[hook, name](**arguments)
        return answer

    def close(self) -> None:
        """Let the plugins that were created here let go of what they hold: their `close()` is called, if they have one."""
        for plugin in self._created:
            close = getattr(plugin, "close", None)
            if callable(close):
                close()


def load_plugins(
    given: Mapping[str, object] | None = None,
    *,
    own: object | None = None,
    disabled: Collection[str] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
    entry_points: bool = True,
) -> Plugins:
    """Find, create and check all plugins of one host.

    `given` are plugins by name: modules, objects or classes. `own` are our own answers, asked last. With
    `entry_points` those of the entry-point group `bounce_plugin` are added. What is in `disabled` is not even imported. A class is
    called with its `options`, the mapping of `[plugin.<name>]`, which may be empty.

    Raises HookError for a plugin that cannot be used, and SettingsError for options that nobody takes.
    """
    options = options or {}
    found = _collect(given or {}, entry_points=entry_points)
    for name in disabled:
        if name not in found:
            raise SettingsError(_not_there(name, found), key="hooks.disabled", value=name)
    registered = pluggy.PluginManager(hookspecs.PROJECT)
    registered.add_hookspecs(hookspecs)
    created = []
    for name, source in found.items():
        if name not in disabled:
            plugin = _import(name, source)
            if isinstance(plugin, type):
                plugin = _create(name, plugin, options.get(name, {}))
                created.append(plugin)
            elif name in options:
                raise SettingsError("this plugin takes no options", key=f"plugin.{name}")
            _register(registered, name, plugin)
    if own is not None:
        _register(registered, OWN, own)
    for name in options:
        if name not in found:
            raise SettingsError(_not_there(name, found), key=f"plugin.{name}")
    return Plugins(registered, created, disabled)


def _collect(given: Mapping[str, object], *, entry_points: bool) -> dict[str, object]:
    """Every plugin by name, those of entry points not imported yet."""
    found = dict(given)
    for entry_point in metadata.entry_points(group=GROUP) if entry_points else ():
        if entry_point.name in found:
            known = found[entry_point.name]
            other = f"that of {_distribution(known)}" if isinstance(known, EntryPoint) else "one given by the host"
            raise HookError(
                f"two plugins are called {entry_point.name!r}: that of {_distribution(entry_point)}, and {other}"
            )
        found[entry_point.name] = entry_point
    if OWN in found:
        raise HookError(f"no plugin may be called {OWN!r}: our own answers are")
    return found


def _distribution(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else entry_point.value


def _not_there(name: str, found: Collection[str]) -> str:
    return f"there is no plugin of that name; there are: {', '.join(sorted(found)) or 'none'}{_nearest(name, found)}"


def _nearest(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _import(name: str, source: object) -> object:
    """What an entry point names; anything else is the plugin already."""
    if not isinstance(source, EntryPoint):
        return source
    try:
        plugin: object = source.load()
    except Exception as error:
        raise HookError(
            f"plugin {name!r} ({source.value} of {_distribution(source)}) cannot be imported: {error!r}"
        ) from error
    return plugin


def _create(name: str, plugin: Callable[[Mapping[str, object]], object], options: Mapping[str, object]) -> object:
    try:
        return plugin(options)
    except BounceError:
        raise  # it says itself which key is wrong
    except Exception as error:
        raise HookError(f"plugin {name!r}: {plugin!r} with its options failed: {error!r}") from error


def _register(registered: pluggy.PluginManager, name: str, plugin: object) -> None:
    """Register and check one plugin, so that what is wrong is found at start and names the plugin."""
    try:
        hash(plugin)  # pluggy needs it as soon as it calls a single plugin
        registered.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise HookError(f"plugin {name!r}: {' '.join(str(error).split())}") from error
    except (TypeError, ValueError) as error:  # not hashable; the same object under a second name
        raise HookError(f"plugin {name!r} cannot be registered: {error}") from error
    implementations = list(_implementations(registered, plugin))
    if not implementations:
        raise HookError(f"plugin {name!r} implements no hook: mark its functions with @bounce_plugin.hookimpl")
    known = _known_hooks(registered)
    for hook, implementation in implementations:
        where = f"plugin {name!r}, hook {hook!r}"
        if hook not in known:
            if implementation.optionalhook:
                continue
            raise HookError(f"{where}: there is no hook of that name{_nearest(hook, known)}")
        if implementation.wrapper or implementation.hookwrapper:
            raise HookError(f"{where}: a wrapper cannot work, because each plugin is called by itself")
        _check_function(where, implementation.function)


def _check_function(where: str, function: object) -> None:
    """Refuse what pluggy would let pass, and what would then go wrong when a mail comes."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise HookError(f"{where}: must not be async, nobody would await it")
    if not callable(function):
        raise HookError(f"{where}: is not callable")
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            # pluggy 1.7 passes such an argument, its successor passes the default instead.
            raise HookError(f"{where}: the argument {parameter.name!r} must have no default value")


def _implementations(registered: pluggy.PluginManager, plugin: object) -> Iterator[tuple[str, pluggy.HookImpl]]:
    for caller in registered.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                yield caller.name, implementation


def _known_hooks(registered: pluggy.PluginManager) -> tuple[str, ...]:
    """The hooks, in the order of hookspecs.py."""
    return tuple(name for name in vars(hookspecs) if registered.parse_hookspec_opts(hookspecs, name) is not None)
