"""The table of public routes: each bare and under ``/api``."""

from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from server.comfyui import files, jobs, prompts, socket, system
from server.comfyui.clients import CLIENTS, Clients
from server.comfyui.logs import LOGS, Logs, keep_logs
from server.comfyui.userdata import UserFiles
from server.parts import PARTS


def public_api(user_folder: Path) -> Callable[[web.Application], None]:
    """What adds the public routes to an application; ``user_folder`` is where front ends keep their things."""

    def add(app: web.Application) -> None:
        app[CLIENTS], app[LOGS] = Clients(app[PARTS]), Logs()
        app.cleanup_ctx.append(keep_logs)
        for method, path, answer in _table(UserFiles(user_folder)):
            for prefix in ("", "/api"):
                if method == "GET" and path != "/ws":
                    app.router.add_get(prefix + path, answer)  # HEAD too
                else:
                    app.router.add_route(method, prefix + path, answer)

    return add


def _table(user: UserFiles) -> list[tuple[str, str, Handler]]:
    return [
        ("GET", "/ws", socket.serve),
        ("GET", "/prompt", prompts.get_prompt),
        ("POST", "/prompt", prompts.post_prompt),
        ("GET", "/queue", prompts.get_queue),
        ("POST", "/queue", prompts.post_queue),
        ("POST", "/interrupt", prompts.post_interrupt),
        ("POST", "/free", prompts.post_free),
        ("GET", "/history", prompts.get_history),
        ("POST", "/history", prompts.post_history),
        ("GET", "/history/{prompt_id}", prompts.get_history_of),
        ("GET", "/object_info", prompts.get_object_info),
        ("GET", "/object_info/{node}", prompts.get_object_info_of),
        ("GET", "/jobs", jobs.list_jobs),
        ("POST", "/jobs/cancel", jobs.cancel_jobs),
        ("GET", "/jobs/{id}", jobs.get_job),
        ("POST", "/jobs/{id}/cancel", jobs.cancel_job),
        ("GET", "/view", files.view),
        ("POST", "/upload/image", files.upload_image),
        ("POST", "/upload/mask", files.upload_mask),
        ("GET", "/embeddings", files.list_embeddings),
        ("GET", "/models", files.list_kinds),
        ("GET", "/models/{folder}", files.list_models),
        ("GET", "/view_metadata/{folder}", files.view_metadata),
        ("GET", "/experiment/models", files.list_model_folders),
        ("GET", "/experiment/models/{folder}", files.list_model_files),
        ("GET", "/experiment/models/preview/{folder}/{index}/{filename:.+}", files.model_preview),
        ("GET", "/internal/files/{type}", files.list_files),
        ("GET", "/internal/folder_paths", files.folder_paths),
        ("GET", "/internal/logs", system.logs),
        ("GET", "/internal/logs/raw", system.raw_logs),
        ("PATCH", "/internal/logs/subscribe", system.subscribe_logs),
        ("GET", "/features", system.get_features),
        ("GET", "/system_stats", system.system_stats),
        ("GET", "/extensions", system.nothing_listed),
        ("GET", "/i18n", system.nothing_named),
        ("GET", "/global_subgraphs", system.nothing_named),
        ("GET", "/node_replacements", system.nothing_named),
        ("GET", "/workflow_templates", system.nothing_named),
        ("GET", "/templates/index.json", system.nothing_listed),
        ("GET", "/users", user.users),
        ("GET", "/settings", user.get_settings),
        ("POST", "/settings", user.post_settings),
        ("GET", "/settings/{id}", user.get_setting),
        ("POST", "/settings/{id}", user.post_setting),
        ("GET", "/userdata", user.listing),
        ("GET", "/v2/userdata", user.tree),
        ("GET", "/userdata/{file}", user.get),
        ("POST", "/userdata/{file}", user.post),
        ("DELETE", "/userdata/{file}", user.delete),
        ("POST", "/userdata/{file}/move/{dest}", user.move),
    ]
