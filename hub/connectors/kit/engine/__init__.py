"""What reads and writes any system whose connection says how: records, pages, calls. It knows no vendor."""
