"""Pictures and reports a person looks at."""

from nesy.viz.content import ClipPanel as ClipPanel
from nesy.viz.content import LossCurve as LossCurve
from nesy.viz.content import MetricRow as MetricRow
from nesy.viz.content import PredicateRow as PredicateRow
from nesy.viz.content import Report as Report
from nesy.viz.content import WitnessStep as WitnessStep
from nesy.viz.report import render_report as render_report
from nesy.viz.report import write_report as write_report
from nesy.viz.table import metrics_table as metrics_table
