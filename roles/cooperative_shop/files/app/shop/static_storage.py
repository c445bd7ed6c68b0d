"""Static files under names that carry their hash, so that browsers keep them for a year."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ShopStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Oscar's style sheets name a few files that it does not ship: those names stay as they are."""

    manifest_strict = False
    max_post_process_passes = 1
