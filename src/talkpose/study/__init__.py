"""User studies: packets out, tables in (paper: 4.3.1, 4.4, Appendix B)."""
