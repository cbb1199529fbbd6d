"""Data: readers of files, embedded and made-up sets. The public door is `chainrule.datasets`."""
