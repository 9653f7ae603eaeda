"""The styling service: analyses and recommendations, each from its command alone."""

from consumers.messages.styling import (
    AnalyzeImage,
    AnalyzeText,
    BuildProfile,
    CombineInsights,
    ImageAnalyzed,
    ImageRefused,
    InsightsCombined,
    ProfileBuilt,
    Recommend,
    Recommended,
    TextAnalyzed,
)
from consumers.styling.taste import choice, insights, palette, season, styles
from orchestrator.service import Context, Service

service = Service("styling", channels=["styling.v1"])


@service.on("AnalyzeImage")
async def look(command: AnalyzeImage, _context: Context) -> ImageAnalyzed | ImageRefused:
    """Tell which colors somebody wears."""
    found = palette(command.photos)
    return ImageAnalyzed(palette=found) if found else ImageRefused(reason="There is no picture.")


@service.on("AnalyzeText")
async def read(command: AnalyzeText, _context: Context) -> TextAnalyzed:
    """Tell which styles somebody writes about."""
    return TextAnalyzed(styles=styles(command.text))


@service.on("BuildProfile")
async def profile(command: BuildProfile, _context: Context) -> ProfileBuilt:
    """Say in a word who that is."""
    style = command.styles[0] if command.styles else "casual"
    return ProfileBuilt(season=season(command.palette), style=style)


@service.on("CombineInsights")
async def combine(command: CombineInsights, _context: Context) -> InsightsCombined:
    """Make sentences of what is known."""
    return InsightsCombined(insights=list(insights(command)))


@service.on("Recommend")
async def recommend(command: Recommend, _context: Context) -> Recommended:
    """Choose from what there is."""
    return Recommended(items=choice(command))
