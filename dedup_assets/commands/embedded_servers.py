"""`dedup-assets embedded-servers`: the data of this user's embedded PostgreSQL servers.

Belongs here: the option and what a person is told. Does not belong here: what may be removed
(`resources/database/embedded/folders.py`).
"""

import click


@click.command()
@click.option("--remove", is_flag=True, help="Remove the data of stores that were deleted.")
def embedded_servers(remove: bool) -> None:
    """List the data folders of this user's embedded PostgreSQL servers, one a store, and remove those that nobody needs.

    A folder goes only where its store was a folder of this machine that is gone while its disk is there, and nobody uses the
    server.
    """
    from dedup_assets.report.plain_words import visible
    from dedup_assets.resources.database.embedded.folders import GONE, remove_folder, server_folders

    folders = server_folders()
    for folder in folders:
        removed = remove and folder.state == GONE and remove_folder(folder.path)
        state = "removed" if removed else folder.state
        click.echo(f"{folder.path}  {folder.size_bytes / 1e6:,.0f} MB  {visible(folder.store) or '-'}  {state}")
    if not folders:
        click.echo("There are no embedded servers.")
    elif not remove and any(folder.state == GONE for folder in folders):
        click.echo("Those whose store is gone are removed by `dedup-assets embedded-servers --remove`.")
