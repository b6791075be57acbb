"""What people take along: tables, pictures, and the report in one file."""
